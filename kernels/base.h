/* Macros that let one text serve host and device, and the few operations of the traced physics.
 *
 * Every operation here is one that IEEE 754 defines to the last bit; with contraction off the results are the same
 * bits as NumPy's. Files of this folder are handed to the compiler as one concatenated source, in the order
 * base, philox, density, the printed physics, and then host or device.
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
#define TG_HIGH_PRODUCT(a, b) __umul64hi(a, b)
#else
#define TG_INLINE static inline __attribute__((always_inline))
#define TG_INLINE_MEMBER inline __attribute__((always_inline))
#define TG_BITS(x) __builtin_bit_cast(int64_t, (double)(x))
#define TG_FLOAT(x) __builtin_bit_cast(double, (int64_t)(x))
#define TG_SQRT(x) __builtin_sqrt(x)
#define TG_RINT(x) __builtin_rint(x)
#define TG_FLOOR(x) __builtin_floor(x)
#define TG_ABS(x) __builtin_fabs(x)
#define TG_HIGH_PRODUCT(a, b) ((uint64_t)(((unsigned __int128)(a) * (b)) >> 64))
#endif

#define TG_MIN(a, b) ((a) < (b) ? (a) : (b))
#define TG_MAX(a, b) ((a) > (b) ? (a) : (b))

enum { TG_TILE = 4096, TG_MAX_DIMENSIONS = 8 };
