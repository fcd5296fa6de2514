"""A fleet's history as one page of HTML; see :mod:`oxtail.report.page`."""
