"""Reading code: which names it reads and binds, what an asset needs, and what its version is.

Pure: no file, no clock, no execution. Everything is plain Python here; the `locations` layer has taken the IPython syntax out.
"""
