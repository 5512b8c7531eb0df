"""The workshop: a page that a facilitator runs in front of a room, without a network.

::

    levers, policy, cards       what can be chosen, and the scenario that a choice makes
    crew, limits                worker processes that make the runs, and how much they may be asked for
    effect, comparison          what the runs show, in the words and pictures of the page,
    measured, pictures, words   and what these are made of: measures, charts, texts of each language
    rounds, guesses             what the room expects before it sees anything, and how that compares
    film, tale                  one run, month by month, and the life of one case
    session, checks             what a room has done, and what is refused to it
    archive, record, take       a session on disk, as JSON, and as what the room takes home
    room, rooms, stream         a live session, all of them, and those who look
    guard, app, serve           who may ask for what; the addresses; the server
"""
