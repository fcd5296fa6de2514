"""Registers oxtail with the clients of this machine, and takes it out again.

Rules of this package:

* A file of a client is parsed strictly before it is touched; one that cannot be parsed is refused
  with the line, and then nothing is changed anywhere.
* Only entries of our own are written, changed or removed; every other byte stays.
* All that is written is planned first, so ``--dry-run`` shows exactly what would happen.
* What was written is kept in ``setup.json`` of the state folder, for undoing it and for doctor.

``docs/how-to.md`` says what a user sees of it.
"""
