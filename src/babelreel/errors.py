"""Errors that are meant for users: each says what was wrong, what was found and what to do.

The command line prints the message of a `BabelreelError` and exits with 1; anything else is a bug of ours
and shows its traceback.
"""

from __future__ import annotations


class BabelreelError(Exception):
    """Something the user can mend: what was wrong, what was found, what to do."""


class MediaError(BabelreelError):
    """A media file that cannot be opened, decoded, or holds nothing usable."""


class CorpusError(BabelreelError):
    """A manifest or annotation file that does not say what it must."""


class JournalError(BabelreelError):
    """A journal of finished work that is another model's, or that cannot be read or written."""


class ConfigError(BabelreelError):
    """A recipe or configuration with unknown keys or wrong values, all reported at once."""


class ModelError(BabelreelError):
    """A model that cannot be found, loaded, or does not fit what it is used with."""


class ScoreError(BabelreelError):
    """Scores that cannot be ranked: NaN, wrong shape, or nothing to rank."""


class IndexStoreError(BabelreelError):
    """An index that is missing, damaged, or was written by another model."""


class MissingIndexError(IndexStoreError):
    """There is no index where one was looked for."""


class MissingEntryError(IndexStoreError):
    """An entry that an index does not hold, or no longer."""


class QueryError(BabelreelError):
    """A search that asks for nothing, or for what makes no sense."""


class GoneError(MediaError):
    """A file that is no longer there, or no longer what was indexed."""


class OverloadError(BabelreelError):
    """More is asked at once than can be answered in time: come back later."""


class MissingExtraError(BabelreelError):
    """An optional dependency that is not installed; the message names the extra."""
