"""The workshop: a page that a facilitator runs in front of a room, without a network.

::

    levers, policy, cards      what can be chosen, and the scenario that a choice makes
    crew                       worker processes that make the runs
    effect, comparison         what the runs show, in the words and pictures of the page
    film, tale                 one run, month by month, and the life of one case
    session, archive, take     what a room has done, on disk, and what it takes home
    room, stream               a live session and those who look at it
    guard, app, serve          who may ask for what; the addresses; the server
"""
