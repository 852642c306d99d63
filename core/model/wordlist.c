/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */
#include "core/model/names.h"

/* Short, friendly, and told apart when read aloud over a bad line. The order is
 * the order in which pods get them: new words go to the end. */
/* clang-format off */
const char *const fl_builtin_names[] = {
    "apple", "arrow", "autumn", "badger", "bamboo", "banjo", "basil", "beacon",
    "birch", "bloom", "breeze", "button", "cactus", "canyon", "castle", "cedar",
    "cello", "cherry", "cinder", "clover", "cobalt", "comet", "copper", "coral",
    "cricket", "daisy", "dolphin", "domino", "dragon", "eagle", "ember",
    "falcon", "feather", "fiddle", "flint", "forest", "fossil", "galaxy",
    "ginger", "glacier", "goose", "granite", "hammock", "harbor", "heron",
    "honey", "igloo", "indigo", "island", "ivory", "jacket", "jasmine",
    "jigsaw", "juniper", "kayak", "kettle", "kiwi", "koala", "ladder", "lagoon",
    "lantern", "lemon", "lilac", "lizard", "lotus", "magnet", "mango", "maple",
    "marble", "mayor", "meadow", "mirror", "mosaic", "mushroom", "nectar",
    "needle", "nutmeg", "oasis", "ocean", "olive", "onyx", "orchid", "otter",
    "oyster", "panda", "paprika", "pebble", "piano", "pickle", "pigeon",
    "planet", "plum", "pocket", "prism", "puzzle", "quartz", "quilt", "rabbit",
    "radish", "ribbon", "river", "rocket", "saffron", "salmon", "sparrow",
    "spruce", "squid", "sunset", "teapot", "thimble", "thunder", "tiger",
    "tulip", "turtle", "umbrella", "valley", "velvet", "violet", "walnut",
    "willow", "wizard", "zebra", "zenith", "zigzag",
    NULL,
};
/* clang-format on */
