"""Pictures and numbers made from pixels, in processes of their own: see README.md beside this file.

`pictures` is what the server uses; `worker` is the other process, which nothing here imports.
"""
