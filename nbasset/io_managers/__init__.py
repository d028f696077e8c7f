"""Where values of assets are kept: the contract of an I/O manager and the managers that come with nbasset.

`protocol` is what user code and the run loop speak; `parquet` is the default; `memory` and `pickled` are chosen by hand; `upath` and
`configurable` are classes to derive from. The rest are their parts: paths, publishing, content hash, profile, conversion.
"""
