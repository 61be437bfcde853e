// Sample contents and pictures of the shell.
#include "tests/ui/shell/shell_fixture.h"

#include "ui/widgets/panel.h"
#include "ui/widgets/shell/activity_rail.h"
#include "ui/widgets/shell/command_palette.h"
#include "ui/widgets/shell/context_bar.h"
#include "ui/widgets/shell/memory_bar.h"
#include "ui/widgets/shell/status_bar.h"
#include "ui/widgets/theme.h"

#include <QApplication>
#include <QCoreApplication>
#include <QDir>
#include <QHBoxLayout>
#include <QMenu>
#include <QPushButton>
#include <QVBoxLayout>

namespace moa::test {
namespace {

QString s(const char* text) {
    return QString::fromUtf8(text);
}

constexpr quint64 gib(double n) {
    return quint64(n * double(1ull << 30));
}

} // namespace

QWidget* samplePage(const QString& title) {
    auto* page = new QWidget;
    auto* row = new QHBoxLayout(page);
    row->setContentsMargins(12, 12, 12, 12);
    row->setSpacing(12);
    for (const char* part : {"left", "centre", "right"}) {
        auto* panel = new Panel(title + QLatin1Char(' ') + QLatin1String(part));
        panel->body()->addWidget(new QPushButton(QLatin1String(part)));
        panel->body()->addStretch(1);
        row->addWidget(panel, part[0] == 'c' ? 3 : 1);
    }
    return page;
}

void fillShell(ShellWindow& window) {
    const char* pages[][3] = {{"model", "Model", "Memory before load, device, eject"},
                              {"inspect", "Inspect", "What each head sees and what its window hides"},
                              {"plan", "Plan", "Drag a span, read density, loss and bytes"},
                              {"search", "Search", "Profile once, then move the bounds"},
                              {"compare", "Compare", "Dense and sparse in step, first divergence"},
                              {"history", "History", "Every run, reproducible"}};
    int key = Qt::Key_1;
    for (const auto& p : pages)
        window.addPage({.id = s(p[0]),
                        .icon = s(p[0]),
                        .title = s(p[1]),
                        .key = QKeySequence(Qt::CTRL | Qt::Key(key++)),
                        .detail = s(p[2])},
                       samplePage(s(p[1])));
    ContextBar& context = window.context();
    context.setValue(ContextItem::Model, {s("Llama-3.1-8B-Instruct"), s("BF16")});
    context.setValue(ContextItem::Plan, {s("balanced-50"), s("edited"), Role::Sparse, Role::Sparse});
    context.setValue(ContextItem::Length, {s("32,768")});
    context.setValue(ContextItem::Prompt, {s("needle-28.txt"), s("32,768 tokens")});
    context.setValue(ContextItem::Head, {s("L14 · KV5"), s("heads 20–23")});
    context.setPin(true, true);
    for (const ContextItem item :
         {ContextItem::Model, ContextItem::Plan, ContextItem::Length, ContextItem::Prompt, ContextItem::Head})
        context.setMenuProvider(item, [](QMenu* menu) { menu->addAction(s("MoA Tiny")); });
    window.status().setDevice(s("gpu"), s("GPU 0  NVIDIA H100 80GB"), s("driver 580.65"));
    window.status().setMemory({gib(20.3), gib(4), gib(79.2)});
    window.status().setJob(JobLine{.id = 7,
                                   .title = s("Profiling 64k"),
                                   .stage = s("31 of 50 samples"),
                                   .fraction = 0.62,
                                   .timeLeft = s("2 min 14 s left"),
                                   .canPause = true});
    window.status().setSavedText(s("Autosaved 09:41:07"));
    window.setBadge(s("search"), true, s("A profile runs"));
    ActionRegistry& actions = window.actions();
    actions.add({.id = s("file.open_model"),
                 .text = s("&Open model…"),
                 .menu = MenuId::File,
                 .shortcut = QKeySequence(Qt::CTRL | Qt::Key_O),
                 .icon = s("open")});
    actions.add({.id = s("model.eject"),
                 .text = s("&Eject model"),
                 .menu = MenuId::Model,
                 .shortcut = QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E),
                 .icon = s("eject")});
    actions.add({.id = s("run.page"),
                 .text = s("&Run the page's job"),
                 .menu = MenuId::Run,
                 .shortcut = QKeySequence(Qt::Key_F5),
                 .icon = s("play")});
    actions.setEnabled(s("run.page"), false, s("Needs a model."));
    actions.add({.id = s("head.widen_influence"),
                 .text = s("Widen head to its influence span"),
                 .menu = MenuId::Edit,
                 .shortcut = QKeySequence(s("Shift+]")),
                 .scope = ActionScope::Canvas,
                 .detail = s("L14 · KV5, 6,144 to 23,552")});
    actions.add({.id = s("layer.widen"),
                 .text = s("Widen every head in layer 14"),
                 .menu = MenuId::Edit,
                 .detail = s("to full, density +0.0146")});
    window.commandPalette().addSource({[](const QString&) {
        std::vector<PaletteItem> items;
        for (int head = 7; head >= 0; --head)
            items.push_back({.kind = PaletteKind::Head,
                             .id = QString::number(head),
                             .title = s("L14 · KV%1").arg(head),
                             .detail = s("span 6,144, influence outside 0.93"),
                             .keywords = s("widen")});
        items.push_back({.kind = PaletteKind::Plan,
                         .id = s("c1"),
                         .title = s("search-013 · c1, wide early layers"),
                         .detail = s("plan, density 0.560"),
                         .keywords = s("l14")});
        items.push_back({.kind = PaletteKind::Run,
                         .id = s("397"),
                         .title = s("#397 Widen L14 group"),
                         .detail = s("comparison, 20 Nov")});
        return items;
    }});
}

void settle() {
    for (int i = 0; i < 4; ++i) {
        QCoreApplication::sendPostedEvents();
        QCoreApplication::processEvents(QEventLoop::AllEvents, 50);
    }
}

void grabTo(QWidget& widget, const QString& name) {
    const QString folder = qEnvironmentVariable("MOA_GRABS");
    if (folder.isEmpty()) return;
    QDir().mkpath(folder);
    settle();
    widget.grab().save(folder + QLatin1Char('/') + name + QLatin1String(".png"));
}

void forEachLook(ShellWindow& window, const std::function<void(const QString&)>& look) {
    Theme& theme = Theme::instance();
    for (const bool dark : {false, true})
        for (const char* family : {"", "DejaVu Sans"})
            for (const QSize size : {QSize(1600, 1000), QSize(1180, 720)}) {
                theme.setMode(dark ? ThemeMode::Dark : ThemeMode::Light);
                theme.setFontFamily(QLatin1String(family));
                window.resize(size);
                settle();
                look(QStringLiteral("%1-%2-%3")
                         .arg(size.width())
                         .arg(dark ? QStringLiteral("dark") : QStringLiteral("light"),
                              *family ? QStringLiteral("dejavu") : QStringLiteral("default")));
            }
    theme.setMode(ThemeMode::Light);
    theme.setFontFamily({});
    settle();
}

} // namespace moa::test
