"""What the tests of people share: who there is, a browser's page, passwords."""

import base64
from dataclasses import dataclass, field

from tests.flows.house import House, Reply
from tests.makers.instances import make_instance

USERS = {"anna": "the admin's", "tom": "the teacher's"}
SCHOOL: dict[str, object] = {
    "AuthenticationEnabled": True,
    "RegisteredUsers": USERS,
    "Pacsberry": {"Guests": True, "UserRoles": {"tom": "teacher"}},
}


@dataclass
class Page:
    """A browser that shows pages of the house: keeps its cookie, sends the proof with changes."""

    house: House
    cookie: str = ""
    proof: str = ""
    last: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes | object = b"", **headers: str) -> Reply:
        mine = {"X_Pacsberry": "page", "X_Pacsberry_Proof": self.proof, "Cookie": self.cookie}
        reply = self.house.ask(method, path, body, **{**mine, **headers})
        self.last = dict(reply.headers)
        return reply

    def sign_in(self, name: str) -> "Page":
        told = self.ask("POST", "/pacsberry/session", {"Name": name, "Password": USERS[name]}).json
        self.cookie, self.proof = self.last["set-cookie"].split(";")[0], told["Proof"]
        return self


def basic(name: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{USERS[name]}".encode()).decode()}


def upload(house: House, patient: str = "4711") -> dict[str, str]:
    file = make_instance("CT", patient_id=patient)
    told: dict[str, str] = house.ask("POST", "/instances", file, **basic("anna")).json
    return told
