"""How good a linkage thinks it is: precision and recall by its own probabilities, where nobody knows the truth."""

from __future__ import annotations

from pipeline.evaluate.linkage import Linkage
from pipeline.evaluate.quality import Score, count_pairs


def expected_matches(linkage: Linkage) -> float:
    """Pairs of one person among the records: by the model's prior, and never fewer than the kept pairs promise."""
    of_kept_pairs = float(linkage.pairs.probability.sum())
    return max(linkage.expected_matches or 0.0, of_kept_pairs)


def expected_pairs(linkage: Linkage) -> Score:
    """Of the pairs that the machine linked: their mean probability, and their matches out of all that are expected."""
    machine = linkage.pairs.by_machine
    right, linked = float(linkage.pairs.probability[machine].sum()), int(machine.sum())
    matches = expected_matches(linkage)
    return Score(right / linked if linked else 1.0, right / matches if matches else 1.0)


def left_out(linkage: Linkage) -> list[str]:
    """What the estimate does not know, in words."""
    pairs = linkage.pairs
    unseen = expected_matches(linkage) - float(pairs.probability.sum())
    unscored = count_pairs(linkage.cluster, linkage.source) - int(pairs.is_link.sum())
    held = ~pairs.is_link & (pairs.rule >= 0)
    sentences = [
        "It takes each pair by itself. An error that many records of one person share, such as another's birthday, "
        "is thought rarer than it is."
    ]
    if linkage.model is None:
        sentences.append(
            "The model is not at hand, so matches among pairs that were not kept are unknown: recall is an upper bound."
        )
    elif unseen >= 0.5:
        where = "from the data that the model was trained on" if linkage.as_of_year else "from training on these files"
        sentences.append(
            f"About {unseen:,.0f} matches are expected among pairs that no key brought together or that weigh too little "
            f"to keep. This comes from the model's prior, {where}; nothing in these pairs can confirm it."
        )
    if unscored:
        sentences.append(
            f"{unscored:,} pairs inside persons have no weight of their own: other records hold them together. "
            "They are not in it."
        )
    if held.any():
        sentences.append(
            f"{int(held.sum()):,} pairs wait because of a rule and count as not linked, with about "
            f"{pairs.probability[held].sum():,.0f} matches among them."
        )
    return sentences
