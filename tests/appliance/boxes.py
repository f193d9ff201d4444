"""A whole box in a folder, and a runner that remembers what would have been run."""

from pathlib import Path

from pacsberry_appliance.firstboot.deciding import MakingUp
from pacsberry_appliance.firstboot.starting import Started, start
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Ran, Runner

MAKING_UP = MakingUp(lambda: "Pacsberry ABC", lambda: "wifi-made-up1", lambda: "admin-made-up")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUuGvYHE+tFAKQOBhGUUNVoGyoQWvc9JMBxPnBlqYgf teacher@school"


class FakeRunner(Runner):
    """Runs nothing but what a test teaches it: {first words: answer}; the longest match wins. Else: fine, no output."""

    def __init__(self, places: Places | None = None, answers: dict[str, Ran | str] | None = None) -> None:
        super().__init__()
        self.ran: list[tuple[str, ...]] = []
        self.texts: list[str] = []
        self.answers = answers if answers is not None else {}
        self._places = places

    def ask(self, *words: str, text: str = "", seconds: float = 30) -> Ran:
        self.ran.append(words)
        self.texts.append(text)
        line = " ".join(words)
        for start_words in sorted(self.answers, key=len, reverse=True):
            if line.startswith(start_words):
                answer = self.answers[start_words]
                return Ran(0, answer, "") if isinstance(answer, str) else answer
        if self._places is not None and words[0] == "pacsberry":
            self._places.users.write_text('{"RegisteredUsers": {"admin": "hash"}}\n')
        if self._places is not None and words[0] == "chpasswd":
            user, _, hashed = text.strip().partition(":")
            (self._places.root / "etc/shadow").write_text(f"root:*:1::::::\n{user}:{hashed}:1::::::\n")
        return Ran(0, "", "")

    def lines(self) -> list[str]:
        return [" ".join(words) for words in self.ran]


class Box:
    """A box whose card lies in a folder."""

    def __init__(self, root: Path) -> None:
        for folder in ("boot/firmware", "data", "etc", "run", "usr/share/zoneinfo/Europe"):
            (root / folder).mkdir(parents=True)
        (root / "usr/share/zoneinfo/Europe/Paris").write_bytes(b"TZif")
        (root / "etc/shadow").write_text("root:*:1::::::\npacsadmin:!:1::::::\n")
        self.places = Places.of(root)
        self.runner = FakeRunner(self.places)

    def write(self, text: str | bytes, name: str = "pacsberry.txt") -> None:
        data = text.encode() if isinstance(text, str) else text
        (self.places.boot / name).write_bytes(data)

    def read(self, name: str = "pacsberry.txt") -> str:
        return (self.places.boot / name).read_bytes().decode("utf-8-sig").replace("\r\n", "\n")

    @property
    def result(self) -> str:
        return self.read("pacsberry-result.txt")

    def boot(self) -> Started:
        """Power on: what is below /run is gone."""
        for path in sorted((self.places.root / "run").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        return start(self.places, self.runner, making_up=MAKING_UP)
