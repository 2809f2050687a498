"""Event files of other programs: written (export) and read (importing)."""
