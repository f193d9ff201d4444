class Adjustments:
    recv_bytes: int
    threads: int
    send_bytes: int
    outbuf_overflow: int
    outbuf_high_watermark: int
    socket_options: list[tuple[int, int, int]]
    def __init__(self, **kw: object) -> None: ...
