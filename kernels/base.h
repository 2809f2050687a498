/* Macros by which one source serves host and device, and the elementary operations of the traced physics.
 *
 * Every operation here is defined to the last bit by IEEE 754; with contraction off the results are bit-identical to
 * NumPy's. The files of this folder are passed to the compiler as one concatenated source, in the order
 * base, philox, density, the printed physics, words, and then host or device; or base, philox, density, draw.
 */
#if defined(__CUDACC_RTC__)
typedef unsigned long long uint64_t;
typedef long long int64_t;
typedef int int32_t;
#else
#include <stdint.h>
#endif

#if defined(__CUDACC__)
#define TG_INLINE static __device__ __forceinline__
#define TG_INLINE_MEMBER __device__ __forceinline__
#define TG_BITS(x) __double_as_longlong(x)
#define TG_FLOAT(x) __longlong_as_double(x)
#define TG_SQRT(x) __dsqrt_rn(x)
#define TG_RINT(x) rint(x)
#define TG_FLOOR(x) floor(x)
#define TG_ABS(x) fabs(x)
#else
#define TG_INLINE static inline __attribute__((always_inline))
#define TG_INLINE_MEMBER inline __attribute__((always_inline))
#define TG_BITS(x) __builtin_bit_cast(int64_t, (double)(x))
#define TG_FLOAT(x) __builtin_bit_cast(double, (int64_t)(x))
#define TG_SQRT(x) __builtin_sqrt(x)
#define TG_RINT(x) __builtin_rint(x)
#define TG_FLOOR(x) __builtin_floor(x)
#define TG_ABS(x) __builtin_fabs(x)
#endif

#define TG_PRAGMA(text) _Pragma(#text)
#if defined(__CUDACC__) || defined(__clang__)
#define TG_UNROLL(n) TG_PRAGMA(unroll n)
#define TG_SIMD TG_PRAGMA(clang loop vectorize(enable))
#else
#define TG_UNROLL(n) TG_PRAGMA(GCC unroll n)
#define TG_SIMD TG_PRAGMA(GCC ivdep)
#endif

#define TG_MIN(a, b) ((a) < (b) ? (a) : (b))
#define TG_MAX(a, b) ((a) > (b) ? (a) : (b))

/* NumPy's minimum and maximum of doubles, which keep what is not a number. By a mask: GCC would make branches of a
 * second conditional expression, and vectorise no loop with them. */
#define TG_NAN_MASK(a) (-(int64_t)((a) != (a)))
#define TG_MINIMUM(a, b) TG_FLOAT(TG_BITS(TG_MIN(a, b)) | TG_NAN_MASK(a))
#define TG_MAXIMUM(a, b) TG_FLOAT(TG_BITS(TG_MAX(a, b)) | TG_NAN_MASK(a))

/* The 128-bit product; on the host computed from products of halves, which vector units support. */
TG_INLINE void tg_product(uint64_t a, uint64_t b, uint64_t *high, uint64_t *low) {
#if defined(__CUDACC__)
    *high = __umul64hi(a, b);
    *low = a * b;
#else
    const uint64_t a_low = a & 0xFFFFFFFFULL, a_high = a >> 32, b_low = b & 0xFFFFFFFFULL, b_high = b >> 32;
    const uint64_t lowest = a_low * b_low, one = a_high * b_low + (lowest >> 32);
    const uint64_t other = a_low * b_high + (one & 0xFFFFFFFFULL);
    *high = a_high * b_high + (one >> 32) + (other >> 32);
    *low = (other << 32) | (lowest & 0xFFFFFFFFULL);
#endif
}

enum { TG_TILE = 4096, TG_MAX_DIMENSIONS = 8 };
