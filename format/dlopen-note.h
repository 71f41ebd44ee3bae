/* SPDX-License-Identifier: MIT */
/*
 * Which libraries are opened at run time, where packagers look for it: an ELF
 * note in the section .note.dlopen, by the public "dlopen() metadata for ELF
 * files" (systemd.io/ELF_DLOPEN_METADATA).  `readelf -p .note.dlopen` shows it.
 */
#ifndef LVL_FORMAT_DLOPEN_NOTE_H
#define LVL_FORMAT_DLOPEN_NOTE_H

#include <stdint.h>

#define DLOPEN_NOTE_OWNER "FDO"
#define DLOPEN_NOTE_TYPE 0x407c0c0au

/* name: of the object; json: an array of objects, a string literal. */
#define DLOPEN_NOTE(name, json)                                               \
	static const struct {                                                 \
		uint32_t owner_size, text_size, type;                         \
		char owner[sizeof(DLOPEN_NOTE_OWNER)];                        \
		_Alignas(4) char text[sizeof(json)];                          \
	} name __attribute__((used, section(".note.dlopen"), aligned(4))) = { \
		sizeof(DLOPEN_NOTE_OWNER), sizeof(json), DLOPEN_NOTE_TYPE,    \
		DLOPEN_NOTE_OWNER,         json,                              \
	}

#endif
