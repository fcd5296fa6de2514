"""``python -m oxtail`` is the ``oxtail`` command."""

from oxtail.cli.start import run

if __name__ == "__main__":
    run()
