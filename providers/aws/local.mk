# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
#
# What needs no network, apart, for the tests and fuzz targets.
noinst_LTLIBRARIES += providers/libaws.la
providers_libaws_la_SOURCES = \
	providers/aws/chain.c providers/aws/chain.h \
	providers/aws/endpoint.c providers/aws/endpoint.h \
	providers/aws/form.c providers/aws/form.h \
	providers/aws/judge.c providers/aws/judge.h \
	providers/aws/settings.c providers/aws/settings.h \
	providers/aws/sigv4.c providers/aws/sigv4.h \
	providers/aws/xml.c providers/aws/xml.h
providers_libaws_la_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS)
providers_libaws_la_LIBADD = $(XML_LIBS)
