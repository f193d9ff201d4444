from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

class BaseWSGIServer:
    adj: Adjustments
    effective_host: str
    effective_port: int
    task_dispatcher: ThreadedTaskDispatcher
    active_channels: dict[int, object]
    def run(self) -> None: ...
    def close(self) -> None: ...
