# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
# What the providers with a JSON API share.
noinst_LTLIBRARIES += providers/libapi.la
providers_libapi_la_SOURCES = providers/api/api.c providers/api/api.h
providers_libapi_la_LIBADD = -lm
