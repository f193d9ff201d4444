class Adjustments:
    host: str
    port: int
    threads: int
    def __init__(self, **kw: object) -> None: ...
