"""What a policy with a small context sees: the dialogue in few words, by an explicit wrapper that a run records.

A whole dialogue with JSON outputs is longer than a small policy can read. A view shows it shortly, by what the domain
declares (:class:`~toolgym.rendering.Rendering`): the instructions are left out, outputs are lines without keys,
identifiers get short aliases, and a call is a line such as ``/cancel_pending_order O1 | no longer needed``. What the
policy writes in that manner is read back: tools get the true identifiers, and the user hears of things by the names
that users know. A view is a pure function of what the assistant sees.

- ``compact``: for pretrained models. Identifiers are aliases, all else is English.
- ``native``: for models that know tools. Nothing is left out or renamed: instructions, tools, calls and outputs are as
  the model's own chat template writes them. Thoughts stay where they are: the dialogue only grows.
- ``native-strip``: the same, but whenever the user has spoken the model's earlier thoughts are taken out, and the
  dialogue begins anew without them, as most templates of thinking models have it.
- ``slots``: for models from scratch. Whatever is open (identifiers, names, products, options, cities, money) is a typed
  slot that is numbered by first appearance, and everything else a word of a closed vocabulary.
"""

from toolgym.views.sight import Shown, Sight
from toolgym.views.view import VIEWS, View

__all__ = ["VIEWS", "Shown", "Sight", "View"]
