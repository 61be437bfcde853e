#!/usr/bin/env bash
# Compiles the GPU kernels, their tests and benches with nvcc alone, for a machine that has CUDA and little else.
#   tests/bench/gpu/build.sh OUT_DIR [TARGET…]     targets: decode_bench prefill_bench backward_bench heatmap_bench kernel_tests
# NVCC, MOA_CUDA_ARCH (default 90a), MOA_CUDA_CODE (sm_<arch>; compute_<arch> for PTX) and GTEST_ROOT (include/, lib/) may be set. Skips what is up to date.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out=$1
shift
targets=${*:-decode_bench kernel_tests}
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
arch=${MOA_CUDA_ARCH:-90a}
code=${MOA_CUDA_CODE:-sm_$arch}
flags=(-std=c++20 -O3 -gencode "arch=compute_$arch,code=$code" -I. -Ikernels/include -lineinfo
       ${GTEST_ROOT:+-I$GTEST_ROOT/include} -Xcompiler -Wall,-Wextra,-Wno-unknown-pragmas)
[ "$arch" = 90a ] && flags+=(-DMOA_CUDA_HAS_90A)
mkdir -p "$out"

kernels=(kernels/cuda/*.cu)
reference=(kernels/reference/reference_attention.cpp kernels/reference/reference_costs.cpp kernels/reference/reference_layers.cpp)
engine=(engine/backend/cuda/attention_gradients.cpp engine/backend/cuda/bench_windows.cpp engine/backend/cuda/cuda_attention.cpp
        engine/backend/cuda/cuda_backend.cpp engine/backend/cuda/cuda_bench.cpp engine/backend/cuda/cuda_step.cpp engine/backend/cuda/cuda_tiles.cpp
        engine/backend/cuda/decoder.cpp engine/backend/cuda/decoder_prefill.cpp
        engine/backend/cuda/device_memory.cpp engine/backend/cuda/matmul.cpp engine/backend/cuda/random_weights.cpp
        engine/core/error.cpp engine/core/format.cpp)
objects=()
pids=()
compile() {
    local source object
    for source; do
        object=$out/${source//\//_}.o
        objects+=("$object")
        if [ ! "$object" -nt "$source" ] || [ -n "$(find kernels engine/backend tests/kernels/cuda tests/bench/gpu \
            \( -name '*.h' -o -name '*.cuh' \) -newer "$object" -print -quit)" ]; then
            "$nvcc" "${flags[@]}" -c "$source" -o "$object" &
            pids+=($!)
        fi
    done
}
settle() {
    local pid
    for pid in ${pids[@]+"${pids[@]}"}; do wait "$pid"; done
    pids=()
}

compile "${kernels[@]}" "${engine[@]}" "${reference[@]}"
common=("${objects[@]}")
declare -A parts
for target in $targets; do
    objects=()
    if [ "$target" = kernel_tests ]; then compile tests/kernels/cuda/*_test.cpp tests/backend/cuda/{cuda_backend,decoder}_test.cpp
    else compile "tests/bench/gpu/$target.cpp"; fi
    parts[$target]="${objects[*]}"
done
settle
archive=$out/libmoa_gpu.a # so that a program links what it uses and no more
rm -f "$archive"
ar rcs "$archive" "${common[@]}"
for target in $targets; do
    libraries=(-lcublasLt -lcublas -lcuda)
    if [ "$target" = kernel_tests ]; then libraries+=("-L${GTEST_ROOT:-/usr}/lib" -lgtest_main -lgtest -lpthread); fi
    "$nvcc" -gencode "arch=compute_$arch,code=$code" ${parts[$target]} "$archive" -o "$out/$target" "${libraries[@]}"
done
