# SPDX-FileCopyrightText: The fleet authors
# SPDX-License-Identifier: MIT
core_sources += \
	core/model/authkeys.c core/model/authkeys.h \
	core/model/copies.c core/model/copies.h \
	core/model/card.h core/model/cardhtml.c core/model/cardsteps.c \
	core/model/cardstyle.c core/model/cardtext.c \
	core/model/crontab.c core/model/crontab.h \
	core/model/envfile.c core/model/envfile.h \
	core/model/facts.c core/model/facts.h \
	core/model/forward.c core/model/forward.h \
	core/model/giturl.c core/model/giturl.h \
	core/model/gpu.c core/model/gpu.h \
	core/model/keysheet.c core/model/keysheet.h \
	core/model/money.c core/model/money.h \
	core/model/names.c core/model/names.h \
	core/model/option.c core/model/option.h \
	core/model/person.c core/model/person.h \
	core/model/pubkey.c core/model/pubkey.h \
	core/model/record.c core/model/record.h \
	core/model/report.c core/model/report.h \
	core/model/roster.c core/model/roster.h \
	core/model/rosteredit.c core/model/rosteredit.h \
	core/model/seen.c core/model/seen.h \
	core/model/shape.c core/model/shape.h \
	core/model/shown.c core/model/shown.h \
	core/model/tar.c core/model/tar.h \
	core/model/target.c \
	core/model/wordlist.c \
	core/model/writer.c core/model/writer.h
