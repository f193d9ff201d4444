"""Looks after what is kept: compares index and files, repairs, reads everything once a month, sets damage aside.

`checking` finds, `repairing` carries out what was printed; `scrubber` does the reading in the running server, and
`damaged` is the folder of what was found bad.
"""
