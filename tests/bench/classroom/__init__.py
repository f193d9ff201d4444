"""A class of thirty on one slow Wi-Fi cell: what each pupil waits for, and what it costs the air and the server."""
