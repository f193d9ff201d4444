"""Who may come in, and who may do what: accounts, their passwords, the table of permissions.

Knows neither HTTP nor the configuration; `app` hands the accounts over, the HTTP door asks.
"""

from pacsberry.auth.accounts import Accounts, User
from pacsberry.auth.exposure import check_exposure, exposure_remarks
from pacsberry.auth.permissions import Action, Role, may

__all__ = ["Accounts", "Action", "Role", "User", "check_exposure", "exposure_remarks", "may"]
