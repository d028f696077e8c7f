"""From the text of a command to frozen options: one reading for magics and command line.

`parse("run delays -p 2013-06-01")` gives the verb and its options, `parse_cell` those of an ``%%asset`` line, `complete` what could stand
next. Verbs are declared in one table (`verbs.VERBS`); the command line hangs its functions on the same parameters.
"""

from nbasset.arguments.cell import parse_cell
from nbasset.arguments.complete import Known, complete
from nbasset.arguments.options import CellArguments, HelpArguments
from nbasset.arguments.parameters import Verb
from nbasset.arguments.reading import help_text, parse, split
from nbasset.arguments.verbs import VERBS

__all__ = ["VERBS", "CellArguments", "HelpArguments", "Known", "Verb", "complete", "help_text", "parse", "parse_cell", "split"]
