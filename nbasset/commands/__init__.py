"""What can be done: one function a verb, with frozen options in and frozen results out. Magics, command line and API are faces over it."""
