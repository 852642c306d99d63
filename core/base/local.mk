# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
core_sources += \
	core/base/buf.c core/base/buf.h \
	core/base/call.c core/base/call.h \
	core/base/cancel.c core/base/cancel.h \
	core/base/cleanup.h \
	core/base/clock.c core/base/clock.h \
	core/base/csv.c \
	core/base/digest.c core/base/digest.h \
	core/base/error.c core/base/error.h \
	core/base/file.c core/base/file.h \
	core/base/log.c core/base/log.h \
	core/base/map.c core/base/map.h \
	core/base/pool.c core/base/pool.h \
	core/base/program.c core/base/program.h \
	core/base/strv.c core/base/strv.h \
	core/base/text.c core/base/text.h
