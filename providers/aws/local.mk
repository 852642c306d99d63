# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += providers/aws.la
providers_aws_la_SOURCES = \
	providers/aws/about.c \
	providers/aws/access.c \
	providers/aws/aws.c \
	providers/aws/change.c \
	providers/aws/client.c providers/aws/client.h \
	providers/aws/ec2.c providers/aws/ec2.h \
	providers/aws/group.c providers/aws/group.h \
	providers/aws/keys.c providers/aws/keys.h \
	providers/aws/launch.c \
	providers/aws/look.c \
	providers/aws/market.c \
	providers/aws/member.c \
	providers/aws/muster.c providers/aws/muster.h \
	providers/aws/offers.c \
	providers/aws/prices.c \
	providers/aws/recall.c \
	providers/aws/round.c
providers_aws_la_LDFLAGS = $(provider_ldflags)
providers_aws_la_LIBADD = providers/libaws.la providers/libapi.la \
	libfleet.la $(DEPS_LIBS) $(XML_LIBS)

# What needs no network, apart, for the tests and fuzz targets.
noinst_LTLIBRARIES += providers/libaws.la
providers_libaws_la_SOURCES = \
	providers/aws/chain.c providers/aws/chain.h \
	providers/aws/endpoint.c providers/aws/endpoint.h \
	providers/aws/form.c providers/aws/form.h \
	providers/aws/groupform.c providers/aws/groupform.h \
	providers/aws/judge.c providers/aws/judge.h \
	providers/aws/parse.c providers/aws/parse.h \
	providers/aws/request.c providers/aws/request.h \
	providers/aws/settings.c providers/aws/settings.h \
	providers/aws/sigv4.c providers/aws/sigv4.h \
	providers/aws/slots.c providers/aws/slots.h \
	providers/aws/xml.c providers/aws/xml.h
providers_libaws_la_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS)
providers_libaws_la_LIBADD = $(XML_LIBS)
