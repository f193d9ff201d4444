class Adjustments:
    recv_bytes: int
    threads: int
    socket_options: list[tuple[int, int, int]]
    def __init__(self, **kw: object) -> None: ...
