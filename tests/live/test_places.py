import resource

import pytest

from webapp.live.places import Places, StreamRefused, affordable


def test_a_place_that_was_given_back_is_taken_again() -> None:
    places = Places(1, most_of_an_owner=5)
    places.take(None)
    with pytest.raises(StreamRefused, match="as many live pages as it can serve"):
        places.take(None)

    places.give_back(None)

    places.take(None)
    assert places.taken == 1


def test_one_owner_cannot_take_the_places_of_all() -> None:
    places = Places(10, most_of_an_owner=2)
    for _ in range(2):
        places.take("one")
    with pytest.raises(StreamRefused, match="You have as many"):
        places.take("one")

    places.take("other")
    places.give_back("one")
    places.take("one")

    assert places.taken == 3


def test_a_server_that_is_about_to_stop_gives_no_place() -> None:
    places = Places(10, most_of_an_owner=2)

    places.close()

    with pytest.raises(StreamRefused, match="about to stop") as refused:
        places.take(None)

    # Its successor is there soon.
    assert refused.value.retry_after == 1


def test_there_are_no_more_places_than_files_and_the_limit_is_raised_as_far_as_it_may() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, before[1]))

        assert affordable(900) == 900
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 1156
        if before[1] != resource.RLIM_INFINITY:
            assert affordable(10 * before[1]) == before[1] - 256
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
