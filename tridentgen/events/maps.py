"""Store a trained proposal in an event file, and read it from one."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.errors import FileError, InputError
from tridentgen.events.groups import Group
from tridentgen.events.reader import open_events

_ROOT = "sampling"


def proposal_groups(proposal: Proposal, channels: tuple[str, ...] = ()) -> dict[str, Group]:
    """Return the groups of an event file that hold a proposal: ``sampling`` and ``sampling/<channel number>``.

    Each channel has ``map`` of shape (d, increments + 1), ``strata`` of shape (d,) and ``cell_share``.
    """
    names = channels or tuple(str(i) for i in range(len(proposal.channels)))
    attributes = {
        "channels": ",".join(names),
        "max_weight": proposal.max_weight,
        "overweight_share": proposal.overweight_share,
        "signature": proposal.signature,
    }
    groups = {_ROOT: Group({"channel_share": proposal.channel_share}, attributes)}
    for name, channel in zip(names, proposal.channels, strict=True):
        arrays = {
            "map": channel.grid,
            "strata": np.array(channel.strata, dtype=np.int64),
            "cell_share": channel.cell_share,
        }
        groups[f"{_ROOT}/{name}"] = Group(arrays, {})
    return groups


def proposal_from_groups(groups: Mapping[str, Group]) -> Proposal:
    """Return the proposal stored in the groups of an event file; raise `InputError` if there is none."""
    if _ROOT not in groups:
        raise InputError("it holds no trained VEGAS map")
    root = groups[_ROOT]
    try:
        channels = tuple(
            ChannelProposal(group["map"], tuple(int(n) for n in group["strata"]), group["cell_share"])
            for group in (groups[f"{_ROOT}/{name}"] for name in str(root.attributes["channels"]).split(","))
        )
        return Proposal(
            channels,
            root["channel_share"],
            float(root.attributes["max_weight"]),
            float(root.attributes["overweight_share"]),
            str(root.attributes["signature"]),
        )
    except KeyError as missing:
        raise InputError(f"its trained VEGAS map lacks {missing}") from None
    except InputError:
        raise
    except (ValueError, TypeError, IndexError) as error:
        raise InputError(f"its trained VEGAS map is damaged ({error})") from None


def read_proposal(path: str | os.PathLike[str], signature: str) -> Proposal:
    """Return the proposal trained in an earlier run.

    Raises
    ------
    FileError
        If the file cannot be read or holds no trained VEGAS map.
    InputError
        If the VEGAS map was trained for a different process or flux.
    """
    with open_events(path) as file:
        try:
            proposal = proposal_from_groups(file.groups())
        except InputError as error:
            raise FileError(f"{path}: {error}; give an event file made by 'tridentgen generate'") from None
    if proposal.signature != signature:
        raise InputError(
            f"{path}: its VEGAS map was trained for a different process or flux; leave --map out, or use the file of a "
            "run with the same [process], [model] and [flux]"
        )
    return proposal
