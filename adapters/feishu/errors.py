"""What Feishu's error codes mean for a call. Knows neither HTTP nor the SDK.

Error::

    AdapterError
      ApiError            a call to Feishu failed, with its code
"""

from __future__ import annotations

import re

from adapters.base import AdapterError

NO_CODE = -1  # an answer that is none of the platform's
TOKEN_INVALID = frozenset({99991661, 99991663, 99991664, 99991665, 99991668})
GROUP_LIMIT = 230020
RATE_LIMITED = frozenset({99991400, 11232, 11233, GROUP_LIMIT})  # per app and API, pressure, per group
IN_PROGRESS = frozenset({230049})  # the same uuid is being sent right now
TOO_LONG = frozenset({230025})
CARD_REFUSED = frozenset({230099, 230028, 230055, 200621, 200732, 200780, 300080, 300305})  # bad card, DLP, type
GONE_CHAT = frozenset({230002})
RECALLED = frozenset({230011, 230110})
SCOPE_MISSING = frozenset({99991672, 99991679, 230027})
BAD_CREDENTIALS = frozenset({10003, 10012, 10013, 10014, 10015})

_MEANINGS = {
    RECALLED: "the message was recalled",
    GONE_CHAT: "the bot is not in this chat",
    TOO_LONG: "the message is too long",
    RATE_LIMITED: "too many calls",
    SCOPE_MISSING: "a permission is missing: `qunda doctor` names it",
}
_SCOPES = re.compile(r"\[([\w.:]+(?:, ?[\w.:]+)*)\]")  # the platform's text names them so


class ApiError(AdapterError):
    """A call failed. ``code`` is Feishu's, or 0 where there was none (no answer, no JSON)."""

    def __init__(
        self,
        message: str,
        *,
        code: int = 0,
        outcome_known: bool = True,
        permanent: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, outcome_known=outcome_known, permanent=permanent, retry_after_s=retry_after_s)
        self.code = code


def error_of(what: str, status: int, code: int, text: str, reset_s: float | None) -> ApiError:
    """The error for an answer that was none of success; ``reset_s`` is how long the platform asks to wait.

    What is refused has not happened. A fault on the platform's side (5xx) may have happened all the same, and a page of
    whoever stands in between (no code, whatever the status) says nothing about it.
    """
    meaning = next((words for codes, words in _MEANINGS.items() if code in codes), text or "no reason given")
    if code in SCOPE_MISSING and (named := _SCOPES.search(text)):
        meaning = f"a permission is missing, one of {named[1]}"
    shown = f"Feishu refused to {what}: {meaning} (HTTP {status}, code {code})"
    if code in RATE_LIMITED or status == 429:
        return ApiError(shown, code=code, retry_after_s=reset_s if reset_s is not None else 1.0)
    if code in TOKEN_INVALID:
        return ApiError(shown, code=code)
    if status >= 500 or code in IN_PROGRESS or code == NO_CODE:
        failed = f"Feishu failed to {what} (HTTP {status}, code {code})"
        return ApiError(failed, code=code, outcome_known=False, retry_after_s=reset_s)
    return ApiError(shown, code=code, permanent=True)


def credentials_error(code: int, text: str) -> ApiError:
    """The app's own credentials were refused: only a person can mend that."""
    message = (
        f"Feishu refused app_id and app_secret (code {code}: {text}); copy both from 'Credentials & Basic Info' of the "
        "app into [feishu] of config.ini or into QUNDA_FEISHU_APP_ID and QUNDA_FEISHU_APP_SECRET, and check domain"
    )
    return ApiError(message, code=code, permanent=True)
