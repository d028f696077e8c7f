"""The server for development: a project's daemon and JupyterLab as the parts of one program that one Ctrl-C ends."""
