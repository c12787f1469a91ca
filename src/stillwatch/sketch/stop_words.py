"""Function words that say nothing about a subject, in the languages that most traffic is in.

They keep their place in shingles (a template's wording matters) and weigh nothing in the projection.
"""

# ruff: noqa: RUF001 - Cyrillic letters stand in Cyrillic words
_WORDS = """
0 a about after again all also am an and any are as at be because been before
being but by can could did do does doing each few for from had has have having
he her here him his how i if in into is it its just like make may me might
more most must my no nor not now of on once one only or other our out over own
please same shall she should so some such than that the their them then there
these they this those through to too under until up use used using very was
way we were what when where which while who whom why will with within would
you your de la el los las un una y en que es por para con del se al lo como su
sus o le les des du et une est pour dans qui sur au aux ce cette avec par pas
plus ou der die das und den von zu mit ist im für auf ein eine einer eines
nicht sich auch als dem da dos e os um uma na nos nas em com não 的 了 是 在 和 有 我
你 他 她 它 这 那 一 不 们 个 上 中 到 说 请 就 也 要 以 为 与 及 或 等 の に は を が で と て し れ さ た ま す る
и в не на я что он с как это по но из у за от для
"""

STOP_WORDS = frozenset(_WORDS.split())
