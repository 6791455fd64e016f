"""Where people live: American cities with their zip codes, and streets."""

from __future__ import annotations

from toolgym.worlds.dice import Dice

_PLACES = """
New York NY 10001-10040, Los Angeles CA 90001-90068, Chicago IL 60601-60661, Houston TX 77002-77099,
Phoenix AZ 85003-85054, Philadelphia PA 19102-19154, San Antonio TX 78201-78261, San Diego CA 92101-92139,
Dallas TX 75201-75254, San Jose CA 95110-95139, Austin TX 78701-78759, Jacksonville FL 32202-32259,
Fort Worth TX 76102-76137, Columbus OH 43201-43235, Charlotte NC 28202-28278, San Francisco CA 94102-94134,
Indianapolis IN 46201-46260, Seattle WA 98101-98199, Denver CO 80202-80249, Washington DC 20001-20020,
Boston MA 02108-02136, El Paso TX 79901-79938, Nashville TN 37201-37221, Detroit MI 48201-48239,
Oklahoma City OK 73102-73179, Portland OR 97201-97239, Las Vegas NV 89101-89149, Memphis TN 38103-38141,
Louisville KY 40202-40245, Baltimore MD 21201-21239, Milwaukee WI 53202-53228, Albuquerque NM 87102-87123,
Tucson AZ 85701-85757, Fresno CA 93701-93730, Sacramento CA 95811-95838, Kansas City MO 64101-64158,
Mesa AZ 85201-85215, Atlanta GA 30303-30345, Omaha NE 68102-68164, Colorado Springs CO 80903-80929,
Raleigh NC 27601-27617, Miami FL 33125-33196, Virginia Beach VA 23451-23464, Oakland CA 94601-94621,
Minneapolis MN 55401-55419, Tulsa OK 74103-74137, Tampa FL 33602-33647, New Orleans LA 70112-70131,
Wichita KS 67202-67230, Cleveland OH 44102-44135, Honolulu HI 96813-96826, Pittsburgh PA 15201-15238,
Cincinnati OH 45202-45240, Saint Louis MO 63101-63139, Orlando FL 32801-32839, Salt Lake City UT 84101-84124,
Boise ID 83702-83714, Richmond VA 23219-23238, Buffalo NY 14201-14228, Madison WI 53703-53719,
Spokane WA 99201-99224, Des Moines IA 50309-50321, Providence RI 02903-02909, Birmingham AL 35203-35244
"""
CITIES = _PLACES.replace("\n", " ").split(",")
"""Name, state, and first and last zip code."""

_ROADS = """
Acorn Alder Amber Arbor Ashland Aspen Bayview Beacon Birchwood Bluebell Bridge Brookside Canyon Chapel Chestnut
Clearwater Clover Colonial Cottonwood Creekside Cypress Dogwood Eastwood Elmhurst Fairview Fern Forest Foxglove
Garfield Glenwood Grant Greenfield Grove Harbor Harrison Hawthorne Hazel Heritage Hickory Highland Holly Ivy
Jackson Jefferson Juniper Kensington Lakeview Laurel Liberty Lincoln Linden Madison Magnolia Maple Meadow Mill
Monroe Mulberry Oakwood Orchard Parkside Pearl Pine Poplar Prairie Prospect Quarry Ridgewood River Rosewood
Sequoia Spring Sterling Sunset Sycamore Timber Valley Walnut Washington Westfield Willow Windsor Woodland
"""
_STREETS = _ROADS.split()
STREET_TYPES = {"Street": 5, "Avenue": 5, "Lane": 3, "Drive": 4, "Road": 3, "Court": 2, "Boulevard": 1, "Way": 1}
STREET_TYPES |= {"Place": 1, "Terrace": 1}


def draw(dice: Dice, city: str) -> dict[str, str]:
    """An address in a city, as a record has it.

    Args:
        dice: Everything random comes from it.
        city: One of :data:`CITIES`.
    """
    *words, state, zips = city.split()
    low, high = zips.split("-")
    kind = dice.weighted({"Suite": 0.48, "Apt": 0.28, "Unit": 0.06, "": 0.18})
    second = f"{kind} {dice.number(100, 999)}" if kind else ""
    if kind == "Apt" and dice.chance(0.6):
        second = f"{kind} {dice.number(1, 24)}{dice.pick('ABCDEF')}"
    number = dice.number(100, 999) if dice.chance(0.8) else dice.number(11, 4999)
    return {
        "address1": f"{number} {dice.pick(_STREETS)} {dice.weighted(STREET_TYPES)}",
        "address2": second,
        "city": " ".join(words),
        "country": "USA",
        "state": state,
        "zip": f"{dice.number(int(low), int(high)):05d}",
    }
