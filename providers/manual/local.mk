# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# Apart, so that a fuzz target can link the reader of the file.
noinst_LTLIBRARIES += providers/libcsv.la
providers_libcsv_la_SOURCES = providers/manual/csv.c providers/manual/csv.h

pkglib_LTLIBRARIES += providers/manual.la
providers_manual_la_SOURCES = providers/manual/manual.c
providers_manual_la_LDFLAGS = $(provider_ldflags)
providers_manual_la_LIBADD = providers/libcsv.la libfleet.la
