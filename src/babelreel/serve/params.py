"""What a client may ask, and within which bounds. A field that is blank was not given."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import UploadFile
from PIL.Image import Image
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema

from babelreel.index.query import Query
from babelreel.index.store import Filter
from babelreel.serve.catalogue import Catalogue

LONGEST_QUERY = 1000  # characters
MOST_HITS = 100
LAST_OFFSET = 1000  # what lies deeper costs more than it is worth
ID = r"^[0-9A-Za-z-]{1,64}$"
LANG = r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4})?$"
DAY = r"^((19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))?$"
PLAIN = r"^[^\x00-\x1f\x7f]*$"


def _real_day(text: str) -> str:
    if text:
        date.fromisoformat(text)
    return text


Text = Annotated[str, Field(max_length=LONGEST_QUERY)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | SkipJsonSchema[None]
Day = Annotated[str, Field(pattern=DAY), AfterValidator(_real_day)]
Upload = Annotated[UploadFile, WithJsonSchema({"type": "string", "format": "binary"})] | SkipJsonSchema[None]


class SearchParams(BaseModel):
    """A search: a text, the id of a hit to find more like it, or both; `unlike` says what shall sink."""

    model_config = ConfigDict(extra="forbid")

    q: Text = Field("", description="What to look for, in any language")
    lang: str = Field("", max_length=40, pattern=LANG, description="The language of the texts, where it is known")
    like: str = Field("", pattern=f"^({ID[1:-1]})?$", description="The id of a hit: more like this")
    unlike: Text = Field("", description="What shall not be there, in words")
    kind: Literal["", "video", "image"] = Field("", description="Videos or images only")
    folder: str = Field("", max_length=4096, pattern=PLAIN, description="Only below this folder, as hits show theirs")
    shortest: Seconds = Field(None, description="Least length of a video, in seconds")
    longest: Seconds = Field(None, description="Greatest length of a video, in seconds")
    after: Day = Field("", description="Modified on this day or later, such as 2024-05-01")
    before: Day = Field("", description="Modified on this day or earlier")
    k: int = Field(12, ge=1, le=MOST_HITS, description="How many hits")
    offset: int = Field(0, ge=0, le=LAST_OFFSET, description="Leave out so many hits: the next page")
    threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | SkipJsonSchema[None] = Field(
        None, description="Leave out hits of less confidence; for a text alone, in a calibrated index"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: Any) -> Any:
        return {name: value for name, value in values.items() if value != ""} if isinstance(values, dict) else values

    def query(self, catalogue: Catalogue, image: Image | None = None) -> Query:
        """As the searcher takes it, with one hit more: that there is one tells that there is another page.

        Raises:
            QueryError: when nothing is asked for.
        """
        where = Filter(
            kind=self.kind or None,
            folder=catalogue.absolute(self.folder) if self.folder else None,
            shortest=self.shortest,
            longest=self.longest,
            after=_begin_of(self.after) if self.after else None,
            before=_begin_of(self.before, 1) - 1e-6 if self.before else None,
        )
        return Query(
            self.q or None, self.lang or None, image, self.like or None, self.unlike or None, where, self.k + 1,
            self.offset, self.threshold,
        )  # fmt: skip


class SearchForm(SearchParams):
    """A search with a picture, alone or beside a text."""

    image: Upload = Field(None, description="Look for what is like this picture")


def _begin_of(day: str, later: int = 0) -> float:
    """POSIX time at which a day begins here, or one some days later."""
    return datetime.combine(date.fromisoformat(day) + timedelta(days=later), datetime.min.time()).timestamp()
