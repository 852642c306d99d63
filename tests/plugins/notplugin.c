/* SPDX-FileCopyrightText: The fleet authors
 * SPDX-License-Identifier: MIT */

/* A shared object like any other. */
int fleet_nothing(void);

int fleet_nothing(void)
{
    return 0;
}
