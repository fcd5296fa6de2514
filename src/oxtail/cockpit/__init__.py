"""The cockpit: the fleet on one screen, by Textual (extra ``oxtail[cockpit]``).

Rules of this package:

* Textual is imported here and nowhere else, and this package only by its verb.
* Widgets are shown one frozen :class:`~oxtail.core.fleet.Fleet` and never ask where it came from.
* What a screen says is made by :mod:`oxtail.cockpit.shapes`, which knows no widget.
* Looking and acting happen in threads of their own; the loop only draws.
"""
