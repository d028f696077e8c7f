"""Loading user code: modules, packages, notebooks by slice, single slices; and the code version of what was loaded."""
