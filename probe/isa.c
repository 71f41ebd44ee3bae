/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* sigaltstack() */
#include "isa.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#ifdef __x86_64__

/* What the probes may write to: a cache line and an XSAVE area are aligned. */
__attribute__((used,
	       visibility("hidden"))) _Alignas(64) uint8_t lvl_isa_room[4096];

/*
 * One instruction a feature, encoded only where the feature is (SDM v2, APM v3
 * and v4), that does nothing which another program would notice.  r: the
 * room's address in rax; z: eax, ecx and edx are 0.  What works but does not
 * do what it should raises #UD.
 */
#define UNLESS(condition) "j" condition " 1f\nud2\n1:"
#define R "leaq lvl_isa_room(%rip), %rax\n"
#define Z "xorl %eax, %eax\nxorl %ecx, %ecx\nxorl %edx, %edx\n"
#define PROBES(X)                                                             \
	X(FPU, "fnop")                                                        \
	X(TSC, "rdtsc")                                                       \
	X(CX8, "pushq %rbx\n" R "movq %rax, %rsi\n" Z "xorl %ebx, %ebx\n"     \
	       "cmpxchg8b (%rsi)\n"                                           \
	       "popq %rbx")                                                   \
	X(CMOV, "cmovc %eax, %eax")                                           \
	X(CLFLUSH, R "clflush (%rax)")                                        \
	X(MMX, "pxor %mm0, %mm0\nemms")                                       \
	X(FXSR, R "fxsave (%rax)")                                            \
	X(SSE, "xorps %xmm0, %xmm0")                                          \
	X(SSE2, "pxor %xmm0, %xmm0")                                          \
	X(SSE3, "haddps %xmm0, %xmm0")                                        \
	X(PCLMULQDQ, "pclmulqdq $0, %xmm0, %xmm0")                            \
	X(SSSE3, "pabsb %xmm0, %xmm0")                                        \
	X(FMA, "vfmadd132ps %xmm0, %xmm0, %xmm0")                             \
	X(CX16, "pushq %rbx\n" R "movq %rax, %rsi\n" Z "xorl %ebx, %ebx\n"    \
		"cmpxchg16b (%rsi)\n"                                         \
		"popq %rbx")                                                  \
	X(SSE4_1, "ptest %xmm0, %xmm0")                                       \
	X(SSE4_2, "pcmpgtq %xmm0, %xmm0")                                     \
	X(MOVBE, R "movbe (%rax), %ecx")                                      \
	X(POPCNT, "popcntl %eax, %eax")                                       \
	X(AESNI, "aesenc %xmm0, %xmm0")                                       \
	X(AVX, "vxorps %ymm0, %ymm0, %ymm0\nvzeroupper")                      \
	X(F16C, "vcvtph2ps %xmm0, %xmm0")                                     \
	X(RDRAND, "rdrand %eax")                                              \
	X(LAHF_LM, "lahf")                                                    \
	X(SSE4A, "extrq %xmm0, %xmm0")                                        \
	X(3DNOW, "pfadd %mm0, %mm0\nfemms")                                   \
	X(XOP, "vphaddbw %xmm0, %xmm0")                                       \
	X(FMA4, "vfmaddps %xmm0, %xmm0, %xmm0, %xmm0")                        \
	X(TBM, "blsfill %eax, %eax")                                          \
	X(RDTSCP, "rdtscp")                                                   \
	X(FSGSBASE, "rdfsbase %rax")                                          \
	X(BMI1, "andn %eax, %eax, %eax")                                      \
	X(AVX2, "vpxor %ymm0, %ymm0, %ymm0\nvzeroupper")                      \
	X(BMI2, "pdep %eax, %eax, %eax")                                      \
	X(RDSEED, "rdseed %eax")                                              \
	X(ADX, "adcxl %eax, %eax")                                            \
	X(CLFLUSHOPT, R "clflushopt (%rax)")                                  \
	X(CLWB, R "clwb (%rax)")                                              \
	X(SHA, "sha1msg1 %xmm0, %xmm0")                                       \
	X(AVX512F, "vpxord %zmm0, %zmm0, %zmm0\nvzeroupper")                  \
	X(AVX512DQ, "vandps %zmm0, %zmm0, %zmm0\nvzeroupper")                 \
	X(AVX512_IFMA, "vpmadd52luq %zmm0, %zmm0, %zmm0\nvzeroupper")         \
	X(AVX512CD, "vpconflictd %zmm0, %zmm1\nvzeroupper")                   \
	X(AVX512BW, "vpaddb %zmm0, %zmm0, %zmm0\nvzeroupper")                 \
	X(AVX512VL, "vpxord %xmm16, %xmm16, %xmm16\nvzeroupper")              \
	X(AVX512_VBMI, "vpermb %zmm0, %zmm0, %zmm0\nvzeroupper")              \
	/* else it may be MFENCE, which keeps the carry */                    \
	X(WAITPKG, Z "stc\ntpause %ecx\n" UNLESS("nc"))                       \
	X(AVX512_VBMI2, "vpcompressb %zmm0, %zmm1\nvzeroupper")               \
	X(GFNI, "gf2p8mulb %xmm0, %xmm0")                                     \
	X(VAES, "vaesenc %ymm0, %ymm0, %ymm0\nvzeroupper")                    \
	X(VPCLMULQDQ, "vpclmulqdq $0, %ymm0, %ymm0, %ymm0\nvzeroupper")       \
	X(AVX512_VNNI, "vpdpbusd %zmm0, %zmm0, %zmm0\nvzeroupper")            \
	X(AVX512_BITALG, "vpopcntb %zmm0, %zmm0\nvzeroupper")                 \
	X(AVX512_VPOPCNTDQ, "vpopcntd %zmm0, %zmm0\nvzeroupper")              \
	X(RDPID, "rdpid %rax")                                                \
	X(MOVDIRI, R "movdiri %ecx, (%rax)")                                  \
	X(MOVDIR64B, R "movdir64b (%rax), %rax")                              \
	X(SERIALIZE, "serialize")                                             \
	X(AVX512_FP16, "vaddph %zmm0, %zmm0, %zmm0\nvzeroupper")              \
	X(AVX_VNNI, "{vex} vpdpbusd %ymm0, %ymm0, %ymm0\nvzeroupper")         \
	X(AVX512_BF16, "vdpbf16ps %zmm0, %zmm0, %zmm0\nvzeroupper")           \
	X(PTWRITE, "ptwritel %eax")                                           \
	X(XSAVEOPT, R "movq %rax, %rsi\n" Z "xsaveopt (%rsi)")                \
	X(XSAVEC, R "movq %rax, %rsi\n" Z "xsavec (%rsi)")                    \
	X(XGETBV1, "movl $1, %ecx\nxgetbv")                                   \
	X(CLZERO, R "clzero")                                                 \
	X(MONITORX, R "movq %rax, %rsi\n" Z "movq %rsi, %rax\nmonitorx")      \
	X(RDPRU, Z ".byte 0x0f, 0x01, 0xfd")                                  \
	/* else it is BSR, which counts from below */                         \
	X(ABM,                                                                \
	  "movl $1, %ecx\nlzcntl %ecx, %ecx\ncmpl $31, %ecx\n" UNLESS("e"))   \
	X(3DNOWEXT, "pswapd %mm0, %mm0\nfemms")                               \
	X(RTM, "xtest")                                                       \
	X(AVX512ER, "vexp2ps %zmm0, %zmm0\nvzeroupper")                       \
	X(AVX512_4VNNIW, R "vp4dpwssd (%rax), %zmm0, %zmm1\nvzeroupper")      \
	X(AVX512_4FMAPS, R "v4fmaddps (%rax), %zmm0, %zmm1\nvzeroupper")      \
	X(AVX512_VP2INTERSECT, "vp2intersectd %zmm0, %zmm0, %k2\nvzeroupper") \
	/* new to assemblers; of xmm0 or ymm0 alone */                        \
	X(SHA512, ".byte 0xc4, 0xe2, 0x7f, 0xcc, 0xc0\nvzeroupper")           \
	X(SM3, ".byte 0xc4, 0xe2, 0x78, 0xda, 0xc0")                          \
	X(SM4, ".byte 0xc4, 0xe2, 0x7a, 0xda, 0xc0")                          \
	X(AVX_IFMA, ".byte 0xc4, 0xe2, 0xfd, 0xb4, 0xc0\nvzeroupper")         \
	X(AVX_VNNI_INT8, ".byte 0xc4, 0xe2, 0x7f, 0x50, 0xc0\nvzeroupper")    \
	X(AVX_VNNI_INT16, ".byte 0xc4, 0xe2, 0x7e, 0xd2, 0xc0\nvzeroupper")   \
	/* cmpbxadd, vbcstnesh2ps, movrsb: (%rax) */                          \
	X(CMPCCXADD, R ".byte 0xc4, 0xe2, 0x79, 0xe2, 0x08")                  \
	X(AVX_NE_CONVERT, R ".byte 0xc4, 0xe2, 0x7d, 0xb1, 0x00\nvzeroupper") \
	X(MOVRS, R ".byte 0x0f, 0x38, 0x8a, 0x08")

#define CODE(feature, code)                                                  \
	__asm__(".pushsection .text\nlvl_isa_" #feature ":\n" code           \
		"\nret\n.popsection\n");                                     \
	extern __attribute__((visibility("hidden"))) void lvl_isa_##feature( \
		void);
PROBES(CODE)

#define ROW(feature, code) { LVL_F_##feature, lvl_isa_##feature },
static const struct {
	uint16_t field;
	void (*run)(void);
} probes[] = { PROBES(ROW) };

static sigjmp_buf back;

static void caught(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static const int signals[] = { SIGILL, SIGSEGV, SIGBUS, SIGFPE };
#define NR_SIGNALS 4

static enum isa_result run_caught(void (*run)(void))
{
	struct sigaction was[NR_SIGNALS], act;
	enum isa_result result = ISA_BLOCKED;
	unsigned i;

	memset(&act, 0, sizeof(act));
	act.sa_handler = caught;
	for (i = 0; i < NR_SIGNALS; i++)
		(void)sigaction(signals[i], &act, &was[i]);
	if (!sigsetjmp(back, 1)) {
		run();
		result = ISA_WORKS;
	}
	for (i = 0; i < NR_SIGNALS; i++)
		(void)sigaction(signals[i], &was[i], NULL);
	return result;
}

enum isa_result probe_isa(unsigned field)
{
	unsigned i;

	for (i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		if (probes[i].field == field)
			return run_caught(probes[i].run);
	return ISA_NOT_TRIED;
}

/* OSXSAVE in CPUID is CR4's (SDM v1 13.5.1). */
uint64_t probe_isa_xcr0(void)
{
	uint32_t eax = 1, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	if (!(ecx >> 27 & 1))
		return 0;
	__asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
	return (uint64_t)edx << 32 | eax;
}

#else

uint64_t probe_isa_xcr0(void)
{
	return 0;
}

enum isa_result probe_isa(unsigned field)
{
	(void)field;
	return ISA_NOT_TRIED;
}

#endif
