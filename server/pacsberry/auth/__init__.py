"""Who may come in, and who may do what: accounts, their passwords, the table of permissions.

Knows neither HTTP nor the configuration; `app` hands the accounts over, the HTTP door asks.
"""

from pacsberry.auth.permissions import Action, Role, may
from pacsberry.auth.users import Account, User

__all__ = ["Account", "Action", "Role", "User", "may"]
