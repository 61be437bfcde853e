// Menu entries, the question for a file, and what is noted in it.
#include "ui/views/panel_export.h"

#include "ui/widgets/inspect/widget_export.h"
#include "ui/widgets/panel.h"

#include <QApplication>
#include <QClipboard>
#include <QDateTime>
#include <QDir>
#include <QFileDialog>
#include <QImage>
#include <QMenu>
#include <QPointer>
#include <QRegularExpression>

namespace moa {

using namespace Qt::StringLiterals;

namespace {

constexpr const char* kOwnProperty = "moa_export"; ///< of a view: its PanelExport

QString suffixOf(int format) {
    constexpr const char* suffixes[] = {"png", "svg", "npy", "csv", "json"};
    return QLatin1String(suffixes[format]);
}

QString fileName(QString text) {
    static const QRegularExpression unfit(u"[^\\w.+-]+"_s, QRegularExpression::UseUnicodePropertiesOption);
    return text.replace(unfit, u"-"_s);
}

} // namespace

std::function<void(std::function<void(std::optional<ExportArray>)>)> readyArray(ExportArray array) {
    return [array = std::move(array)](const auto& ready) { ready(array); };
}

PanelExport::PanelExport(Panel& panel, Workspace& workspace, std::function<PanelContent()> content)
    : PanelExport(panel, *panel.menu(), workspace, std::move(content)) {}

PanelExport::PanelExport(QWidget& view, QMenu& menu, Workspace& workspace, std::function<PanelContent()> content)
    : QObject(&view), m_view(view), m_menu(menu), m_workspace(workspace), m_content(std::move(content)) {
    view.setProperty(kOwnProperty, QVariant::fromValue<QObject*>(this));
    if (!menu.isEmpty()) menu.addSeparator();
    const auto add = [&](const QString& text, Format format) {
        connect(menu.addAction(text), &QAction::triggered, this, [this, format] { askFor({{format}}); });
    };
    add(tr("Save picture as PNG…"), Format::Png);
    add(tr("Save picture as SVG…"), Format::Svg);
    connect(menu.addAction(tr("Copy picture")), &QAction::triggered, this, [this] { copyPicture(m_view); });
    connect(&menu, &QMenu::aboutToShow, this, &PanelExport::fillMenu);
}

PanelExport* PanelExport::around(const QWidget* widget) {
    for (; widget != nullptr; widget = widget->parentWidget())
        if (auto* found = qobject_cast<PanelExport*>(widget->property(kOwnProperty).value<QObject*>())) return found;
    return nullptr;
}

PanelContent PanelExport::now() const {
    PanelContent content = m_content ? m_content() : PanelContent{};
    if (content.stem.isEmpty()) content.stem = m_view.accessibleName().toLower();
    return content;
}

void PanelExport::keep(QAction* action, QMenu* menu) {
    menu->addAction(action);
    if (menu == &m_menu) m_entries.push_back(action);
}

void PanelExport::fillMenu() {
    qDeleteAll(m_entries);
    m_entries.clear();
    const PanelContent content = now();
    if (content.data.empty()) return;
    auto* rule = new QAction(this);
    rule->setSeparator(true);
    keep(rule, &m_menu);
    QHash<QString, QMenu*> submenus;
    for (int i = 0; i < int(content.data.size()); ++i) {
        const PanelData& data = content.data[std::size_t(i)];
        QMenu* menu = &m_menu;
        if (!data.submenu.isEmpty()) {
            QMenu*& sub = submenus[data.submenu];
            if (sub == nullptr) {
                sub = m_menu.addMenu(data.submenu);
                m_entries.push_back(sub);
            }
            menu = sub;
        }
        addData(data, i, content, menu);
    }
}

void PanelExport::addData(const PanelData& data, int index, const PanelContent& content, QMenu* menu) {
    const auto add = [&](const QString& text, auto run) {
        auto* action = new QAction(text, menu == &m_menu ? static_cast<QObject*>(this) : menu);
        connect(action, &QAction::triggered, this, run);
        keep(action, menu);
    };
    if (data.array)
        add(tr("Save %1 as NPY…").arg(data.what), [this, npy = choiceOf(Format::Npy, index, content)] { askFor({npy}); });
    if (data.hasCsv)
        add(tr("Save %1 as CSV…").arg(data.what), [this, csv = choiceOf(Format::Csv, index, content)] { askFor({csv}); });
    if (data.table)
        add(tr("Save %1 as JSON…").arg(data.what), [this, json = choiceOf(Format::Json, index, content)] { askFor({json}); });
    if (!data.isSmall || !data.table) return;
    add(tr("Copy %1 as Markdown").arg(data.what), [this, index] { copyTable(index, true); });
    add(tr("Copy %1 as CSV").arg(data.what), [this, index] { copyTable(index, false); });
}

PanelExport::Choice PanelExport::choiceOf(Format format, int data, const PanelContent& content) {
    const PanelData& of = content.data[std::size_t(data)];
    return {format, data, of.submenu + of.what};
}

int PanelExport::find(const Choice& choice, const PanelContent& content) {
    for (int i = 0; i < int(content.data.size()); ++i)
        if (choiceOf(choice.format, i, content).name == choice.name) return i;
    return -1;
}

std::vector<PanelExport::Choice> PanelExport::choices(const PanelContent& content) const {
    std::vector<Choice> all{{Format::Png}, {Format::Svg}};
    for (int i = 0; i < int(content.data.size()); ++i) {
        if (content.data[std::size_t(i)].array) all.push_back(choiceOf(Format::Npy, i, content));
        if (content.data[std::size_t(i)].hasCsv) all.push_back(choiceOf(Format::Csv, i, content));
        if (content.data[std::size_t(i)].table) all.push_back(choiceOf(Format::Json, i, content));
    }
    return all;
}

QString PanelExport::filterOf(const Choice& choice, const PanelContent& content) {
    const QString name = suffixOf(int(choice.format)).toUpper();
    const PanelData* data = choice.data < 0 ? nullptr : &content.data[std::size_t(choice.data)];
    QString of = data == nullptr ? tr("Picture")
                 : data->submenu.isEmpty() ? data->what
                                           : u"%1, %2"_s.arg(data->submenu, data->what);
    of[0] = of[0].toUpper();
    return u"%1, %2 (*.%3)"_s.arg(of, name, suffixOf(int(choice.format)));
}

QString PanelExport::suggestedPath(const PanelContent& content, const Choice& choice) const {
    QString stem = content.stem;
    if (choice.data >= 0 && !content.data[std::size_t(choice.data)].stem.isEmpty())
        stem += u'-' + content.data[std::size_t(choice.data)].stem;
    const QString folder = m_workspace.engine().exports.folder();
    return QDir(folder.isEmpty() ? QDir::homePath() : folder)
        .filePath(fileName(stem) + u'.' + suffixOf(int(choice.format)));
}

void PanelExport::ask() {
    askFor(choices(now()));
}

void PanelExport::askFor(const std::vector<Choice>& choices) {
    const PanelContent content = now();
    for (const Choice& choice : choices)
        if (choice.data >= 0 && find(choice, content) != choice.data) return; // what was offered is not shown any more
    auto* dialog = new QFileDialog(m_view.window(), tr("Export %1").arg(m_view.accessibleName()));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setFileMode(QFileDialog::AnyFile);
    QStringList filters;
    for (const Choice& choice : choices) filters.append(filterOf(choice, content));
    dialog->setNameFilters(filters);
    dialog->setDefaultSuffix(suffixOf(int(choices.front().format)));
    const QFileInfo suggested(suggestedPath(content, choices.front()));
    dialog->setDirectory(suggested.path());
    dialog->selectFile(suggested.fileName());
    connect(dialog, &QFileDialog::filterSelected, this, [this, dialog, choices, content, filters](const QString& filter) {
        const Choice& choice = choices[std::size_t(std::max<qsizetype>(0, filters.indexOf(filter)))];
        dialog->setDefaultSuffix(suffixOf(int(choice.format)));
        dialog->selectFile(QFileInfo(suggestedPath(content, choice)).fileName());
    });
    connect(dialog, &QFileDialog::fileSelected, this, [this, dialog, choices, filters](const QString& path) {
        Choice choice = choices[std::size_t(std::max<qsizetype>(0, filters.indexOf(dialog->selectedNameFilter())))];
        // A name typed with another ending means that format.
        const QString suffix = QFileInfo(path).suffix().toLower();
        if (suffix != suffixOf(int(choice.format)))
            for (const Choice& other : choices)
                if (suffix == suffixOf(int(other.format))) {
                    choice = other;
                    break;
                }
        m_workspace.engine().exports.setFolder(QFileInfo(path).path());
        save(choice, path);
    });
    dialog->open();
}

void PanelExport::save(const Choice& choice, const QString& path) {
    const auto again = [guard = QPointer(this), choice] {
        if (guard) guard->askFor({choice});
    };
    if (choice.data < 0) return savePicture(choice.format, path, again);
    const PanelContent content = now();
    const int at = find(choice, content);
    if (at < 0) return m_workspace.engine().exports.refuse(path, tr("What it shows is not there any more."));
    const PanelData& data = content.data[std::size_t(at)];
    const auto write = [this, path, again, notes = provenance(content, at)](const ExportContent& values) {
        identified(notes, [this, path, again, values](const Provenance& full) {
            m_workspace.engine().exports.write(path, values, full, again);
        });
    };
    if (choice.format == Format::Json || (choice.format == Format::Csv && data.table)) return write(data.table());
    data.array([this, path, write, guard = QPointer(this)](std::optional<ExportArray> array) {
        if (!guard) return;
        if (array)
            write(std::move(*array));
        else
            m_workspace.engine().exports.refuse(path, tr("The prompt or the model it shows was changed meanwhile."));
    });
}

void PanelExport::savePicture(Format format, const QString& path, const std::function<void()>& again) {
    ExportService& exports = m_workspace.engine().exports;
    if (format == Format::Svg) {
        // Its note is part of the strokes' file: drawn once everything is known.
        return identified({}, [this, &exports, path, again](const Provenance& sha) {
            const Provenance full = provenance(now(), -1) + sha;
            exports.write(path, svgOf(m_view, {m_view.accessibleName(), provenanceText(full)}), full, again);
        });
    }
    const auto picture = std::make_shared<const QImage>(pictureOf(m_view));
    identified(provenance(now(), -1), [&exports, path, again, picture](const Provenance& full) {
        exports.write(path, picture, full, again);
    });
}

void PanelExport::identified(const Provenance& notes, std::function<void(const Provenance&)> then) {
    const QString model = m_workspace.model() ? m_workspace.model()->path : QString();
    m_workspace.engine().exports.identify(model, this, [notes, then = std::move(then)](const QString& sha) {
        Provenance full = notes;
        if (!sha.isEmpty()) full.append({u"model_sha256"_s, sha});
        then(full);
    });
}

PanelContent tableContent(const QString& stem, std::function<ExportTable()> table) {
    PanelContent content{stem, {}, {}};
    PanelData data;
    data.what = PanelExport::tr("table");
    data.table = std::move(table);
    data.isSmall = true;
    content.data.push_back(std::move(data));
    return content;
}

void PanelExport::copyTable(int data, bool markdown) {
    const PanelContent content = now();
    if (data >= int(content.data.size())) return;
    const ExportTable table = content.data[std::size_t(data)].table();
    QString text = markdown ? markdownText(table) : csvText(table);
    if (markdown) {
        QStringList notes;
        for (const auto& [key, value] : provenance(content, data)) notes.append(u"%1 %2"_s.arg(key, value));
        text += u"\n"_s + notes.join(u", "_s) + u"\n"_s;
    }
    QApplication::clipboard()->setText(text);
}

Provenance PanelExport::provenance(const PanelContent& content, int data) const {
    Provenance notes{{u"program"_s, u"%1 %2"_s.arg(QCoreApplication::applicationName(),
                                                   QCoreApplication::applicationVersion()).trimmed()},
                     {u"time"_s, QDateTime::currentDateTimeUtc().toString(Qt::ISODate)}};
    if (m_workspace.model()) {
        notes.append({u"model"_s, m_workspace.model()->name});
        const PlanDocument& plan = m_workspace.plan();
        notes.append({u"plan"_s, plan.isDense() ? u"dense"_s : plan.isModified() ? plan.name() + u", edited"_s : plan.name()});
        notes.append({u"n"_s, QString::number(m_workspace.length())});
        notes.append({u"batch"_s, QString::number(m_workspace.batch())});
    }
    notes.append(content.provenance);
    if (data >= 0) notes.append(content.data[std::size_t(data)].provenance);
    return notes;
}

} // namespace moa
