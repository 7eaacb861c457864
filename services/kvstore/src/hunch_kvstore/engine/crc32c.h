/* CRC32C (Castagnoli), as in RFC 3720 B.4: the SSE4.2 instruction where the processor
 * has it, else eight tables. Both give the same number. */
#ifndef HUNCH_CRC32C_H
#define HUNCH_CRC32C_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static uint32_t crc32c_table[8][256];

static void crc32c_fill_table(void) {
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t crc = n;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
        crc32c_table[0][n] = crc;
    }
    for (uint32_t n = 0; n < 256; n++)
        for (int k = 1; k < 8; k++) {
            uint32_t before = crc32c_table[k - 1][n];
            crc32c_table[k][n] = crc32c_table[0][before & 0xff] ^ (before >> 8);
        }
}

static uint32_t crc32c_by_table(uint32_t crc, const unsigned char *p, size_t n) {
    crc = ~crc;
    for (; n >= 8; n -= 8, p += 8) {
        /* Bytes one by one, so that the order of the machine does not matter. */
        uint32_t low = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 |
                              (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
        crc = crc32c_table[7][low & 0xff] ^ crc32c_table[6][(low >> 8) & 0xff] ^
              crc32c_table[5][(low >> 16) & 0xff] ^ crc32c_table[4][low >> 24] ^
              crc32c_table[3][p[4]] ^ crc32c_table[2][p[5]] ^
              crc32c_table[1][p[6]] ^ crc32c_table[0][p[7]];
    }
    while (n--)
        crc = crc32c_table[0][(crc ^ *p++) & 0xff] ^ (crc >> 8);
    return ~crc;
}

#if defined(__x86_64__) && defined(__GNUC__)
#define CRC32C_HAS_INSTRUCTION 1
__attribute__((target("sse4.2")))
static uint32_t crc32c_by_instruction(uint32_t crc, const unsigned char *p, size_t n) {
    uint64_t wide = (uint32_t)~crc;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    uint32_t narrow = (uint32_t)wide;
    while (n--)
        narrow = __builtin_ia32_crc32qi(narrow, *p++);
    return ~narrow;
}
#else
#define CRC32C_HAS_INSTRUCTION 0
#endif

static uint32_t (*crc32c_run)(uint32_t, const unsigned char *, size_t);

static void crc32c_choose(void) {
    crc32c_fill_table();
    crc32c_run = crc32c_by_table;
#if CRC32C_HAS_INSTRUCTION
    if (__builtin_cpu_supports("sse4.2"))
        crc32c_run = crc32c_by_instruction;
#endif
}

#endif
