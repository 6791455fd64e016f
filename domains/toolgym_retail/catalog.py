"""What the shops of generated worlds sell: types of product, with a price and the options that each comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ProductType:
    """A type of product.

    Args:
        name: Its name; no type's name contains another's.
        price: What it costs about, in whole dollars.
        options: The values of each option. Those that begin with a number go from less to more, and more costs more.
    """

    name: str
    price: int
    options: Mapping[str, tuple[str, ...]]


_CLOTHES = ("S", "M", "L", "XL")

CATALOG = (
    ProductType(
        "Desk Lamp",
        64,
        {
            "finish": ("matte black", "brushed brass", "chalk white"),
            "arm": ("rigid", "swing", "gooseneck"),
            "power source": ("wall plug", "USB-C", "rechargeable"),
        },
    ),
    ProductType(
        "Backpack",
        89,
        {
            "color": ("charcoal", "olive", "rust", "navy"),
            "volume": ("18 liter", "24 liter", "32 liter"),
            "closure": ("zipper", "roll top", "buckle"),
        },
    ),
    ProductType(
        "Water Bottle",
        34,
        {
            "capacity": ("350 ml", "500 ml", "750 ml", "1000 ml"),
            "material": ("steel", "glass", "tritan"),
            "lid": ("straw", "screw", "flip"),
            "color": ("coral", "teal", "graphite"),
        },
    ),
    ProductType(
        "Office Chair",
        329,
        {
            "upholstery": ("mesh", "bonded leather", "wool"),
            "base": ("casters", "glides"),
            "lumbar support": ("sliding", "molded"),
            "color": ("slate", "tan", "burgundy"),
        },
    ),
    ProductType(
        "Standing Desk",
        549,
        {
            "top": ("bamboo", "walnut", "white laminate"),
            "width": ("48 inch", "60 inch", "72 inch"),
            "lift": ("electric", "hand crank"),
            "frame": ("black", "silver"),
        },
    ),
    ProductType(
        "Bookshelf",
        239,
        {
            "wood": ("birch", "cherry", "reclaimed pine"),
            "height": ("40 inch", "60 inch", "72 inch"),
            "back": ("backless", "paneled"),
        },
    ),
    ProductType(
        "Sectional Sofa",
        1299,
        {
            "fabric": ("linen", "velvet", "corduroy"),
            "color": ("sand", "emerald", "charcoal"),
            "chaise": ("left side", "right side"),
            "legs": ("oak", "chrome"),
        },
    ),
    ProductType(
        "Mattress",
        879,
        {
            "size": ("twin", "queen", "king"),
            "firmness": ("plush", "medium", "firm"),
            "core": ("latex", "gel foam", "pocket spring"),
        },
    ),
    ProductType(
        "Throw Blanket",
        62,
        {
            "material": ("fleece", "cotton", "mohair"),
            "color": ("rust", "cream", "forest green", "dusty blue"),
            "edge": ("fringed", "hemmed"),
        },
    ),
    ProductType(
        "Bath Towels",
        48,
        {
            "pack": ("2 towels", "4 towels", "6 towels"),
            "weave": ("terry", "waffle", "velour"),
            "color": ("white", "sage", "lilac", "navy"),
        },
    ),
    ProductType(
        "Area Rug",
        219,
        {
            "width": ("4 ft", "5 ft", "8 ft"),
            "shape": ("rectangular", "round", "oval"),
            "pile": ("shag", "flatweave"),
            "color": ("terracotta", "ivory", "indigo"),
        },
    ),
    ProductType(
        "Curtain Panels",
        66,
        {
            "length": ("63 inch", "84 inch", "96 inch"),
            "opacity": ("sheer", "dimming", "blackout"),
            "heading": ("grommet", "rod pocket"),
            "color": ("pearl", "mocha", "denim blue"),
        },
    ),
    ProductType(
        "Wall Clock",
        58,
        {
            "diameter": ("8 inch", "11 inch", "16 inch"),
            "numerals": ("roman", "arabic", "dots"),
            "frame": ("oak", "copper", "enamel"),
        },
    ),
    ProductType(
        "Scented Candle",
        29,
        {
            "scent": ("lavender", "cedar", "vanilla", "fig"),
            "burn time": ("25 hours", "45 hours", "60 hours"),
            "vessel": ("glass", "tin", "ceramic"),
        },
    ),
    ProductType(
        "Coffee Grinder",
        96,
        {
            "burrs": ("ceramic", "conical steel", "flat steel"),
            "grind settings": ("12 steps", "18 steps", "40 steps"),
            "color": ("cream", "black", "red"),
        },
    ),
    ProductType(
        "French Press",
        44,
        {
            "capacity": ("350 ml", "600 ml", "1000 ml"),
            "body": ("borosilicate", "stoneware", "steel"),
            "handle": ("cork", "bakelite", "walnut"),
        },
    ),
    ProductType(
        "Stand Mixer",
        349,
        {
            "bowl size": ("4 quart", "5 quart", "7 quart"),
            "design": ("tilt head", "bowl lift"),
            "color": ("mint", "ivory", "cherry red", "cobalt"),
        },
    ),
    ProductType(
        "Countertop Blender",
        129,
        {
            "power": ("600 W", "900 W", "1400 W"),
            "jar": ("glass", "tritan", "steel"),
            "controls": ("dial", "touch panel"),
        },
    ),
    ProductType(
        "Frying Pan",
        54,
        {
            "diameter": ("8 inch", "10 inch", "12 inch"),
            "coating": ("ceramic", "nonstick", "uncoated"),
            "handle": ("beech", "steel", "silicone"),
        },
    ),
    ProductType(
        "Chef Knife",
        98,
        {
            "blade length": ("6 inch", "8 inch", "10 inch"),
            "steel": ("carbon", "stainless", "damascus"),
            "handle": ("walnut", "micarta", "olive wood"),
        },
    ),
    ProductType(
        "Cutting Board",
        46,
        {
            "material": ("bamboo", "maple", "acacia", "teak"),
            "size": ("small", "medium", "large"),
            "edge": ("juice groove", "beveled"),
        },
    ),
    ProductType(
        "Dinnerware Set",
        124,
        {
            "pieces": ("12 pieces", "16 pieces", "24 pieces"),
            "material": ("stoneware", "porcelain", "melamine"),
            "glaze": ("cobalt", "speckled white", "moss"),
        },
    ),
    ProductType(
        "Tower Fan",
        88,
        {
            "height": ("32 inch", "36 inch", "42 inch"),
            "controls": ("remote", "touch panel", "buttons"),
            "color": ("white", "graphite"),
        },
    ),
    ProductType(
        "Air Purifier",
        189,
        {
            "coverage": ("200 sq ft", "400 sq ft", "800 sq ft"),
            "filter": ("HEPA", "washable", "charcoal"),
            "color": ("arctic white", "graphite"),
            "display": ("LCD", "indicator ring"),
        },
    ),
    ProductType(
        "Robot Vacuum",
        319,
        {
            "navigation": ("laser", "camera", "gyroscope"),
            "dust bin": ("300 ml", "450 ml", "600 ml"),
            "dock": ("charging", "self-emptying"),
        },
    ),
    ProductType(
        "Garden Hose",
        52,
        {
            "length": ("30 ft", "60 ft", "90 ft"),
            "fittings": ("brass", "plastic", "aluminum"),
            "style": ("coiled", "flat", "expandable"),
        },
    ),
    ProductType(
        "Planter Box",
        58,
        {
            "length": ("18 inch", "24 inch", "36 inch"),
            "material": ("cedar", "fiberglass", "terracotta"),
            "watering": ("drain holes", "reservoir"),
        },
    ),
    ProductType(
        "Camping Tent",
        264,
        {
            "capacity": ("2 people", "4 people", "6 people"),
            "shape": ("dome", "tunnel", "cabin"),
            "color": ("orange", "moss green", "sand"),
        },
    ),
    ProductType(
        "Sleeping Bag",
        119,
        {
            "shape": ("mummy", "rectangular", "quilt"),
            "insulation": ("synthetic", "goose feather"),
            "zipper": ("left side", "right side"),
            "color": ("burgundy", "teal", "slate"),
        },
    ),
    ProductType(
        "Yoga Mat",
        48,
        {
            "thickness": ("3 mm", "5 mm", "8 mm"),
            "material": ("cork", "jute", "microfiber"),
            "color": ("plum", "sky blue", "sandstone"),
        },
    ),
    ProductType(
        "Rowing Machine",
        899,
        {
            "resistance": ("magnetic", "water", "air"),
            "frame": ("ash wood", "aluminum"),
            "monitor": ("basic", "touchscreen"),
            "seat": ("standard", "extra high"),
        },
    ),
    ProductType(
        "Electric Bike",
        1599,
        {
            "range": ("30 miles", "50 miles", "70 miles"),
            "frame": ("step-through", "diamond"),
            "color": ("cream", "matte black", "racing green"),
            "brakes": ("disc", "rim"),
        },
    ),
    ProductType(
        "Bike Helmet",
        76,
        {
            "size": ("S", "M", "L"),
            "color": ("white", "lime", "navy", "black"),
            "ventilation": ("12 vents", "18 vents", "22 vents"),
        },
    ),
    ProductType(
        "Trail Shoes",
        132,
        {
            "size": ("size 7", "size 8", "size 9", "size 10", "size 11"),
            "color": ("black", "turquoise", "orange"),
            "cushioning": ("firm", "plush"),
        },
    ),
    ProductType(
        "Rain Jacket",
        118,
        {
            "size": _CLOTHES,
            "color": ("mustard", "navy", "forest green"),
            "hood": ("attached", "removable"),
        },
    ),
    ProductType(
        "Knit Sweater",
        84,
        {
            "size": _CLOTHES,
            "color": ("oatmeal", "plum", "pine green"),
            "neckline": ("crew", "v-neck", "turtleneck"),
        },
    ),
    ProductType(
        "Polo Shirt",
        42,
        {
            "size": (*_CLOTHES, "XXL"),
            "color": ("white", "maroon", "sky blue"),
            "fabric": ("pique", "jersey", "linen"),
        },
    ),
    ProductType(
        "Jeans",
        74,
        {
            "waist": ("30 inch", "32 inch", "34 inch", "36 inch"),
            "wash": ("stonewash", "indigo", "black"),
            "cut": ("slim", "straight", "bootcut"),
        },
    ),
    ProductType(
        "Sunglasses",
        146,
        {
            "frame": ("tortoiseshell", "gunmetal", "crystal"),
            "lens tint": ("amber", "smoke", "rose"),
            "shape": ("aviator", "round", "square"),
        },
    ),
    ProductType(
        "Carry-On Suitcase",
        169,
        {
            "shell": ("polycarbonate", "aluminum", "canvas"),
            "color": ("midnight", "champagne", "forest green"),
            "lock": ("combination", "keyed"),
        },
    ),
    ProductType(
        "Wireless Earbuds",
        119,
        {
            "color": ("pearl", "onyx", "mint"),
            "ear tips": ("foam", "silicone"),
            "noise canceling": ("active", "passive", "adaptive"),
        },
    ),
    ProductType(
        "Soundbar",
        229,
        {
            "length": ("24 inch", "36 inch", "48 inch"),
            "sound": ("2.1 channels", "3.1 channels", "5.1 channels"),
            "subwoofer": ("wired", "wireless"),
        },
    ),
    ProductType(
        "Computer Monitor",
        279,
        {
            "screen size": ("24 inch", "27 inch", "32 inch"),
            "panel": ("IPS", "VA", "OLED"),
            "refresh rate": ("60 Hz", "120 Hz", "165 Hz"),
            "stand": ("tilting", "height adjustable"),
        },
    ),
    ProductType(
        "External Drive",
        109,
        {
            "capacity": ("500 GB", "1 TB", "2 TB", "4 TB"),
            "type": ("solid state", "spinning disk"),
            "port": ("USB-A", "USB-C"),
            "color": ("silver", "black"),
        },
    ),
    ProductType(
        "Mirrorless Camera",
        1249,
        {
            "resolution": ("20 MP", "26 MP", "33 MP"),
            "lens": ("pancake", "zoom", "portrait"),
            "color": ("black", "silver"),
        },
    ),
    ProductType(
        "Video Doorbell",
        139,
        {
            "power": ("battery", "hardwired", "solar"),
            "storage": ("cloud", "memory card"),
            "finish": ("bronze", "satin nickel", "white"),
        },
    ),
    ProductType(
        "Acoustic Guitar",
        299,
        {
            "body": ("dreadnought", "concert", "parlor"),
            "top wood": ("spruce", "cedar", "mahogany"),
            "finish": ("gloss", "satin"),
        },
    ),
    ProductType(
        "Jigsaw Puzzle",
        24,
        {
            "pieces": ("300 pieces", "750 pieces", "1200 pieces"),
            "picture": ("harbor", "mountain lake", "city skyline", "wildflowers"),
            "finish": ("matte", "glossy"),
        },
    ),
    ProductType(
        "Notebook",
        22,
        {
            "ruling": ("dotted", "lined", "blank", "grid"),
            "cover": ("linen", "kraft", "vegan leather"),
            "length": ("96 pages", "160 pages", "240 pages"),
        },
    ),
    ProductType(
        "Fountain Pen",
        58,
        {
            "nib": ("extra fine", "medium", "broad"),
            "filling": ("cartridge", "piston"),
            "color": ("jade", "burgundy", "black", "ivory"),
        },
    ),
    ProductType(
        "Cat Tree",
        109,
        {
            "height": ("36 inch", "52 inch", "68 inch"),
            "covering": ("plush", "sisal", "carpet"),
            "color": ("beige", "mocha", "grey"),
        },
    ),
    ProductType(
        "Baby Stroller",
        289,
        {
            "seat": ("reversible", "forward facing"),
            "wheels": ("rubber", "foam"),
            "color": ("heather grey", "olive", "blush", "black"),
        },
    ),
)
"""Every type of product; each world has them all, with prices and variants of its own."""
