#!/bin/sh
# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
echo 'unit tests need cmocka: apt-get install libcmocka-dev, then configure'
exit 77
