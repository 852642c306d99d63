# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
pkglib_LTLIBRARIES += plugins/check-torch.la
plugins_check_torch_la_SOURCES = plugins/check-torch/torch.c
plugins_check_torch_la_LDFLAGS = $(plugin_ldflags)
plugins_check_torch_la_LIBADD = libfleet.la
