"""The web server: GraphQL, the routes that scripts use, and the pages, as one program at one port (``nbasset ui``).

`server` is where to begin: it opens the port and ends with a signal. `app` has the routes, `security` stands before all of them, and
`serving` is what they share. Nothing here knows a resolver: what is asked goes to `nbasset.api`, in a thread. Needs the extra ``web``.
"""
