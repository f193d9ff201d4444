"""The accounts, for admins: who is there, and those of the file of accounts to be added, changed and removed."""

from typing import TYPE_CHECKING

from pacsberry.auth import Action, Role
from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route

if TYPE_CHECKING:
    from pacsberry.http.people import People


def list_users(request: Request, context: Context) -> Answer:
    """Everybody, without passwords."""
    from pacsberry.auth.passwords import is_hashed

    return Answer.json(
        [
            {
                "Name": name,
                "Role": account.role.value,
                "IsHashed": is_hashed(account.password),
                "CanBeChanged": changeable,
            }
            for name, (account, changeable) in _people(context).registry.all().items()
        ]
    )


def put_user(request: Request, context: Context, name: str) -> Answer:
    """Add somebody, or change what is given: {"Password", "Role"}."""
    asked = request.json_object
    unknown = asked.keys() - {"Password", "Role"}
    password, role = asked.get("Password"), asked.get("Role")
    if unknown or not isinstance(password, str | None) or role not in (None, *(one.value for one in Role)):
        raise BadRequest('{"Password": text, "Role": "teacher" or "admin"} is expected, one or both.')
    _people(context).registry.put(name, password=password, role=None if role is None else Role(role))
    return Answer.json({})


def delete_user(request: Request, context: Context, name: str) -> Answer:
    """Remove somebody."""
    _people(context).registry.remove(name)
    return Answer.json({})


def _people(context: Context) -> "People":
    if context.people is None:
        raise UnknownResource("There are no accounts here: AuthenticationEnabled is false.")
    return context.people


_USER = "/pacsberry/users/<name:path>"  # there may be a / in a name
ROUTES = [
    Route("GET", "/pacsberry/users", list_users, needs=Action.ADMINISTER),
    Route("PUT", _USER, put_user, needs=Action.ADMINISTER),
    Route("DELETE", _USER, delete_user, needs=Action.ADMINISTER),
]
